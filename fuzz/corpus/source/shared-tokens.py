"""What the services know of each other's tokens: users come with a JWT of the auth server, services with a shared one."""

import hmac

import jwt


class Refused(Exception):
    """The caller is nobody."""


def bearer(header: str | None) -> str:
    """The token of an `Authorization` header."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Refused("a bearer token is missing")
    return token


def user_of(token: str, secret: str, algorithm: str) -> str:
    """The e-mail address of the user to whom the auth server gave the token."""
    try:
        return jwt.decode(token, secret, algorithms=[algorithm], options={"require": ["exp", "sub"]})["sub"]
    except jwt.InvalidTokenError as error:
        raise Refused("the token is not valid") from error


def is_service(token: str, expected: str) -> bool:
    """Whether the token is the one that the services share."""
    return hmac.compare_digest(token.encode(), expected.encode())
