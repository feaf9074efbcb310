"""How an ONNX Runtime session is opened on a device whose cores have other work."""

import onnxruntime as ort

# Fatal messages alone: what else it has to say comes as an exception, or is a warning about
# graphics processors that a Pi has not got.
_LOG_SEVERITY_FATAL = 4


def open_session(model: bytes, threads: int) -> ort.InferenceSession:
    """A session for the file's content `model` on `threads` threads; ValueError, one line, when it is refused."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads burn the cores that the other stages run on.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _LOG_SEVERITY_FATAL
    try:
        # Its fallback would try the same again, and print so.
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:  # ONNX Runtime's own exceptions share no narrower base.
        raise ValueError(first_line(error)) from error


def first_line(error: Exception) -> str:
    """What ONNX Runtime has to say, without the places in its source where it noticed."""
    return (str(error).splitlines() or [type(error).__name__])[0]
