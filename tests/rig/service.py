"""The service on a virtual computer, and what it reports about its webcam in the log and on the stream."""

from edge.cameras.outages import MAX_LOGGED, PERIOD_S
from tests.rig.pi import Entry, Pi
from tests.rig.viewer import Viewer

# The promise is 2 s after the kernel has the camera again.  udev, the webcam and the service need many steps
# for that, and each takes some twenty times longer on an emulated processor.
BACK_WITHIN_S = 6.0


class Service:
    """The service of `pi`, whose camera is the webcam A, and a viewer of its stream."""

    def __init__(self, pi: Pi) -> None:
        """Wait until the service, which starts with the computer, streams."""
        self._pi = pi
        pi.wait_for("stream at", 0)
        self.viewer = Viewer(pi)

    def wait_for_frames(self) -> None:
        """Return when the counts were logged three times: by then a warning could have come twice."""
        self._pi.wait_for("captured", self._pi.count_entries(), times=3)

    def list_warnings(self, since: int) -> list[str]:
        """Its warnings, without those in the journal's first `since` entries."""
        return [
            entry.text
            for entry in self._pi.read_journal(since)
            if entry.by == "fer-edge" and "WARNING" in entry.text
        ]

    def expect_one_warning(self, since: int, reason: str) -> Entry:
        """Wait for the warning `reason`; it must be the only one, and the service must go on."""
        warning = self._pi.wait_for(reason, since)
        self.wait_for_frames()
        assert [warning.text] == self.list_warnings(since)
        assert self._pi.run("systemctl is-active fer-edge") == "active\n"
        print(f"\n{warning.text}")
        return warning

    def expect_on_the_stream(self, warning: Entry) -> None:
        """Assert that the picture on the stream shows the text of `warning`."""
        assert self.viewer.shows_notice(warning.text.removeprefix("WARNING "))

    def wait_until_outages_are_few(self) -> int:
        """Wait until the next outage will get a line of its own; returns the number of journal entries.

        Frequent outages, as with a loose plug, are only counted.
        """

        def is_rare() -> bool:
            *_, newest = entries = self._pi.read_journal()
            return (
                sum("WARNING" in entry.text and newest.at_s - entry.at_s <= PERIOD_S for entry in entries)
                < MAX_LOGGED
            )

        self._pi.wait("a minute with few outages", is_rare)
        return self._pi.count_entries()

    def cause_outage(self, command: str, reason: str) -> None:
        """Send `command`, which ends the webcam's pictures; expect `reason` in the log and on the stream."""
        since = self.wait_until_outages_are_few()
        self._pi.command_webcam(command)
        self.expect_on_the_stream(self.expect_one_warning(since, reason))

    def end_fault(self, command: str) -> None:
        """Send `command`, which ends a fault of the webcam, and expect its pictures."""
        since = self._pi.count_entries()
        self._pi.command_webcam(command)
        self.expect_return(since, self._pi.wait_for(command, since, "python3"))
        assert self.list_warnings(since) == []

    def plug_in(self, *part: str) -> Entry:
        """Plug its webcam in; returns the log's entry about the return of the camera."""
        since, command = self._pi.count_entries(), " ".join(("plug A", *part))
        self._pi.command_webcam(command)
        plugged = self._pi.wait_for(command, since, "python3")
        known = self._pi.wait_for("Found UVC", since, "kernel")
        print(f"\nthe kernel has the camera {known.at_s - plugged.at_s:.2f} s after it was plugged in")
        back = self.expect_return(since, known)
        assert self.list_warnings(since) == []
        return back

    def expect_return(self, since: int, cause: Entry) -> Entry:
        """The log's entry about the return of the camera, at most BACK_WITHIN_S after its `cause`."""
        back = self._pi.wait_for("is back after", since)
        print(f"back {back.at_s - cause.at_s:.2f} s after {cause.text!r}: {back.text}")
        assert back.at_s - cause.at_s < BACK_WITHIN_S
        self.wait_for_frames()
        return back
