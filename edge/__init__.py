"""fer-edge: reads apparent facial expressions live, on the device alone.

Libraries read the environment variables below when they are first imported.  So the variables are set here,
before any module of the package can import a library.
"""

import os

# ONNX Runtime's Linux wheels send telemetry unless it is disabled before the import; to call
# disable_telemetry_events() after the import is too late.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# For so long, s, OpenCV's read() waits for a V4L2 camera that has frozen; by default 10 s.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
# NumPy's linear algebra would keep a thread for each core, and nothing here needs it to be fast.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# OpenCV warns on stderr about every device that does not open; the cameras report that themselves.
os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
# Without a time-out, in microseconds, FFmpeg waits forever for a network camera that accepts the connection
# and then sends nothing.  RTSP over TCP is OpenCV's own default, which any value of this variable replaces.
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp|timeout;1000000")
# FFmpeg reports every damaged macroblock on stderr.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
# The header of a damaged JPEG may announce a gigapixel.  This is the largest picture that can be requested of
# a camera, in pixels.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(4096 * 4096))
