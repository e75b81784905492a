"""What needs no database."""

from app.chat import command
from app.sessions import Sessions


def test_a_message_that_is_a_command_needs_no_model() -> None:
    assert command("Add buy milk") == ("add", "buy milk")
    assert command("done 3") == ("done", "3")
    assert command("done soon") is None
    assert command("what is left to do?") is None


def test_a_session_is_taken_from_nobody_else() -> None:
    ours, theirs = Sessions("ours"), Sessions("theirs")
    token = ours.begin()
    assert ours.owner(token) == token.partition(".")[0]
    assert theirs.owner(token) is None
    assert ours.owner("somebody") is None
