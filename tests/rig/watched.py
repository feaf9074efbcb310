"""The service on a virtual computer: what it tells of its webcam, in the log and on the stream, and how soon."""

from edge.cameras.outages import MOST_LOGGED, PERIOD_S
from tests.rig.pi import Entry, Pi
from tests.rig.viewer import Viewer

# The promise is 2 s from when the kernel has the camera again.  That takes udev, the webcam and the service many steps,
# each some twenty times slower on a translated processor.
BACK_WITHIN_S = 6.0


class Watched:
    """The service of `pi`, which is set to the webcam A, and somebody who looks at its stream from the beginning on."""

    def __init__(self, pi: Pi) -> None:
        """It starts with the computer."""
        self._pi = pi
        pi.wait_for("stream at", 0)
        self.viewer = Viewer(pi)

    def goes_on(self) -> None:
        """Return when frames were counted for a while, and there was time to say a thing twice."""
        self._pi.wait_for("captured", self._pi.now(), times=3)

    def warnings(self, since: int) -> list[str]:
        """What it warned of, but for the journal's first `since` entries."""
        return [
            entry.text
            for entry in self._pi.journal(since)
            if entry.by == "fer-edge" and "WARNING" in entry.text
        ]

    def told_once(self, since: int, reason: str) -> Entry:
        """What it says of a fault, in the log and to its viewer, while it goes on."""
        told = self._pi.wait_for(reason, since)
        self.goes_on()
        assert [told.text] == self.warnings(since)
        assert self._pi.run("systemctl is-active fer-edge") == "active\n"
        print(f"\n{told.text}")
        return told

    def shows(self, told: Entry) -> None:
        """Its viewer reads what the log was told."""
        assert self.viewer.is_told(told.text.removeprefix("WARNING "))

    def a_new_outage(self) -> int:
        """How many entries the journal has, once an outage is told of by itself: of a loose plug it is in sums."""

        def is_rare() -> bool:
            *_, newest = entries = self._pi.journal()
            return (
                sum("WARNING" in entry.text and newest.at_s - entry.at_s <= PERIOD_S for entry in entries)
                < MOST_LOGGED
            )

        self._pi.wait("a minute with few outages", is_rare)
        return self._pi.now()

    def fails(self, command: str, reason: str) -> None:
        """Have `command` done to its webcam, which is the end of its pictures."""
        since = self.a_new_outage()
        self._pi.webcam(command)
        self.shows(self.told_once(since, reason))

    def is_mended(self, command: str) -> None:
        """Have `command` done to its webcam, which is the end of a fault."""
        since = self._pi.now()
        self._pi.webcam(command)
        self.is_back(since, self._pi.wait_for(command, since, "python3"))
        assert self.warnings(since) == []

    def is_plugged_in(self, *part: str) -> Entry:
        """Plug its webcam in; what is said when the first picture has come."""
        since, command = self._pi.now(), " ".join(("plug A", *part))
        self._pi.webcam(command)
        plugged = self._pi.wait_for(command, since, "python3")
        known = self._pi.wait_for("Found UVC", since, "kernel")
        print(f"\nthe kernel has the camera {known.at_s - plugged.at_s:.2f} s after it was plugged in")
        back = self.is_back(since, known)
        assert self.warnings(since) == []
        return back

    def is_back(self, since: int, cause: Entry) -> Entry:
        """What is said when a picture has come, as soon after its `cause` as was promised."""
        back = self._pi.wait_for("is back after", since)
        print(f"back {back.at_s - cause.at_s:.2f} s after {cause.text!r}: {back.text}")
        assert back.at_s - cause.at_s < BACK_WITHIN_S
        self.goes_on()
        return back
