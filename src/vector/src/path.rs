//! Which instructions are used.

/// A way to run the same pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// 64 bytes at once, each looked up in a table of 128: AVX-512 with VBMI.
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

    /// Whether this machine has the instructions.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("bmi1")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vbmi")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("bmi1") && is_x86_feature_detected!("avx2"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx512 | Self::Avx2 => false,
            Self::Portable => true,
        }
    }
}
