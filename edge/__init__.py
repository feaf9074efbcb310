"""fer-edge: apparent facial expressions, read live on the device alone.

The libraries below read these variables once, when they are first imported, so they
are set here, before any module of the package can import them.
"""

import os

# ONNX Runtime's Linux wheels report home unless told otherwise before the import
# (disable_telemetry_events() after it comes too late).
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
# A frozen V4L2 camera blocks OpenCV's read() for 10 s; in seconds.
os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "1")
# NumPy's linear algebra, which nothing here is slow at, would keep a thread for each core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# OpenCV warns on stderr of every device that does not open; the cameras say it better.
os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
# FFmpeg waits without end for a network camera that accepts and stays silent; in microseconds.  Interleaved RTSP is
# OpenCV's own default, which any setting here replaces.
os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp|timeout;1000000")
# FFmpeg tells stderr of every macroblock that it misses.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
# A damaged JPEG may say that it is a gigapixel large; the largest picture that can be asked of a camera, in pixels.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(4096 * 4096))
