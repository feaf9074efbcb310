"""The two Raspberry Pis as the emulator imitates them, and the assumptions about their speed."""

from dataclasses import dataclass

CORES = 4


@dataclass(frozen=True, slots=True)
class EmulatedBoard:
    """A Pi: its processor for the emulator and for /proc/cpuinfo, and its speed for the estimate of time."""

    name: str
    processor: str
    """The emulator's name for it."""
    features: str
    variant: int
    part: int
    revision: int
    clock_ghz: float
    """The clock of a board with good cooling and a good power supply."""
    low_ipc: float
    likely_ipc: float
    high_ipc: float
    """Instructions per clock cycle (IPC) of one core at this kind of work."""

    def make_cpuinfo(self) -> str:
        """Make the content of /proc/cpuinfo."""
        core = (
            f"BogoMIPS\t: 108.00\nFeatures\t: {self.features}\nCPU implementer\t: 0x41\nCPU architecture: 8\n"
            f"CPU variant\t: {self.variant:#x}\nCPU part\t: {self.part:#x}\nCPU revision\t: {self.revision}\n"
        )
        return "\n".join(f"processor\t: {number}\n{core}" for number in range(CORES))

    def estimate_ms(self, instructions: float) -> tuple[float, float, float]:
        """Estimate how long one core takes for the instructions: at best, likely, at worst."""
        best, likely, worst = (
            instructions / (ipc * self.clock_ghz * 1e6)
            for ipc in (self.high_ipc, self.likely_ipc, self.low_ipc)
        )
        return best, likely, worst


# The Pi 4's likely IPC comes from a YuNet at 320 × 320 on one of its cores: 71 million instructions (counted
# here for face_detection_yunet_2023mar) in 54 ms (measured on a board in
# TonyCongqianWang/cv_facedetection_eval, time_comparison_pi.md).  If that was the larger YuNet with 96
# million instructions, the IPC is higher by their ratio. Haar's time in the same file gives the low IPC.  The
# Pi 5's are 1.8 times those of the Pi 4, as an A76 commonly does that much more per cycle than an A72.  Every
# Pi 4 runs at 1.5 GHz; newer ones run at 1.8 GHz.
BOARDS = (
    EmulatedBoard(
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
    EmulatedBoard(
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
