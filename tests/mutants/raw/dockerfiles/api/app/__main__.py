import os

print(os.environ["LOG_LEVEL"], os.environ.get("PORT", "8000"))
