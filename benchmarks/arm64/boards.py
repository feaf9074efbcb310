"""The two Raspberry Pis as the emulator can be told to be them, and what is assumed of their speed."""

from dataclasses import dataclass

CORES = 4


@dataclass(frozen=True, slots=True)
class Board:
    """A Pi: its processor for the emulator, for /proc/cpuinfo, and for the estimate of time."""

    name: str
    processor: str
    """The emulator's name of it."""
    features: str
    variant: int
    part: int
    revision: int
    clock_ghz: float
    """Of a board that is cool and well fed."""
    low_ipc: float
    likely_ipc: float
    high_ipc: float
    """Instructions per clock cycle of one core at this kind of work."""

    def cpuinfo(self) -> str:
        """What /proc/cpuinfo says on it."""
        core = (
            f"BogoMIPS\t: 108.00\nFeatures\t: {self.features}\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
            f"CPU variant\t: {self.variant:#x}\nCPU part\t: {self.part:#x}\nCPU revision\t: {self.revision}\n"
        )
        return "\n".join(f"processor\t: {number}\n{core}" for number in range(CORES))

    def milliseconds(self, instructions: float) -> tuple[float, float, float]:
        """How long one core takes for so many: at best, likely, at worst."""
        best, likely, worst = (
            instructions / (ipc * self.clock_ghz * 1e6)
            for ipc in (self.high_ipc, self.likely_ipc, self.low_ipc)
        )
        return best, likely, worst


# The Pi 4's likely figure is that of a YuNet at 320 × 320 on one of its cores: 71 million instructions (those of
# face_detection_yunet_2023mar, counted here) in the 54 ms that others measured on a board
# (TonyCongqianWang/cv_facedetection_eval, time_comparison_pi.md); were it the larger YuNet of 96 million, the cores
# would be that much faster.  Haar there comes to the low figure.  The Pi 5's are those times 1.8, what the A76 is
# commonly found to do more per cycle than the A72.  Every Pi 4 runs at 1.5 GHz; the newer ones do 1.8.
BOARDS = (
    Board(
        "Raspberry Pi 4",
        "cortex-a72",
        "fp asimd evtstrm crc32 cpuid",
        0,
        0xD08,
        3,
        clock_ghz=1.5,
        low_ipc=0.55,
        likely_ipc=0.9,
        high_ipc=1.3,
    ),
    Board(
        "Raspberry Pi 5",
        "cortex-a76",
        "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
        4,
        0xD0B,
        1,
        clock_ghz=2.4,
        low_ipc=1.0,
        likely_ipc=1.6,
        high_ipc=2.3,
    ),
)
