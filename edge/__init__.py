"""fer-edge: reads apparent facial expressions live, on the device alone.

Libraries read the environment variables below when they are imported.  So the variables are set here, before
any module of the package can import a library.
"""

import os

# ONNX Runtime's Linux wheels send telemetry unless it is disabled before the import; a call of
# disable_telemetry_events() comes too late.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# How long OpenCV's read() waits for a V4L2 camera that has frozen, in seconds; OpenCV's default is 10.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
# NumPy's linear algebra would keep a thread for each core.  Nothing here needs it to be fast.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# OpenCV warns on stderr about every device that does not open; the cameras report that themselves.
os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
# The header of a damaged JPEG may announce a picture of a gigapixel.  The limit, in pixels, is the largest
# size that the settings allow for a camera.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(4096 * 4096))
