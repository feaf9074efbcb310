"""The messages of other libraries, made short enough for one line of ours."""

_LONGEST = 240


def shorten(error: BaseException) -> str:
    """The message on one line: the whole of a short one, the beginning and the end of a long one."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"
