//! Which instructions are used.

use std::sync::OnceLock;

/// What is taken in place of the fastest.
static PREFERRED: OnceLock<Path> = OnceLock::new();

/// A way to run the same pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// 64 bytes at once, each looked up in a table of 128: AVX-512 with VBMI and GFNI.
    Avx512,
    /// 32 bytes at once, each looked up by its two halves: AVX2.
    Avx2,
    /// One byte at a time, on any machine.
    Portable,
}

impl Path {
    /// All paths that this machine can take, the fastest first.
    pub fn available() -> impl Iterator<Item = Self> {
        [Self::Avx512, Self::Avx2, Self::Portable].into_iter().filter(|path| path.is_available())
    }

    /// Has everything that this process makes from here on take this path, for measurements. One that the machine does not have is
    /// not taken. The first word holds; says whether this path is the one.
    pub fn prefer(self) -> bool {
        self.is_available() && *PREFERRED.get_or_init(|| self) == self
    }

    /// What passes take unless they are told otherwise: the fastest.
    pub(crate) fn preferred() -> Self {
        PREFERRED.get().copied().or_else(|| Self::available().next()).unwrap_or(Self::Portable)
    }

    /// Whether this machine has the instructions.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vbmi")
                    && is_x86_feature_detected!("gfni")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("bmi1")
                    && is_x86_feature_detected!("bmi2")
                    && is_x86_feature_detected!("lzcnt")
                    && is_x86_feature_detected!("popcnt")
                    && is_x86_feature_detected!("avx2")
            }
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }
}
