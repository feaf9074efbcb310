"""Opens ONNX Runtime sessions that leave processor cores to the other stages."""

import onnxruntime as ort

# Log fatal messages only: errors are raised as exceptions, and the warnings are about graphics processors,
# which a Pi does not have.
_LOG_SEVERITY_FATAL = 4


def open_session(model: bytes, threads: int) -> ort.InferenceSession:
    """Open `model`, the content of an ONNX file; ValueError, with one line, when it is invalid."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads would take time from the cores that the other stages run on.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _LOG_SEVERITY_FATAL
    try:
        # The fallback would try the same provider again, and print a message.
        return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"], enable_fallback=0)
    except Exception as error:  # ONNX Runtime's own exceptions share no narrower base.
        raise ValueError(summarise_error(error)) from error


def summarise_error(error: Exception) -> str:
    """The first line of ONNX Runtime's message; the others name places in its source."""
    return (str(error).splitlines() or [type(error).__name__])[0]
