async def app(scope, receive, send):
    """Answers nothing."""
