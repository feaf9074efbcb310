"""The cookies of sessions."""

from edge.web.sessions import SESSION_S, Sessions, Token
from tests.web.client import TOKEN


def test_cookie_is_invalid_after_its_time_with_another_key_and_with_a_changed_letter() -> None:
    now_s = 1_000_000.0
    sessions, other = (
        Sessions(Token(token).derive_key("session"), lambda: now_s) for token in (TOKEN, TOKEN + "2")
    )
    cookie = sessions.issue()
    assert sessions.is_valid(cookie) and cookie != sessions.issue()
    assert not other.is_valid(cookie)
    for index in range(len(cookie)):
        changed = cookie[:index] + ("0" if cookie[index] != "0" else "1") + cookie[index + 1 :]
        assert not sessions.is_valid(changed)
    assert Sessions(Token(TOKEN).derive_key("session"), lambda: now_s).is_valid(cookie)
    now_s += SESSION_S
    assert not sessions.is_valid(cookie)
