//! Numbers that look as if they came by chance, the same in every run.

/// `xorshift64`.
pub(crate) struct Moments(u64);

impl Moments {
    /// Those of a seed.
    pub(crate) fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn bits(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 >> 32).expect("32 bits")
    }

    /// The next number in 0..1.
    pub(crate) fn next(&mut self) -> f64 {
        f64::from(self.bits()) / f64::from(u32::MAX)
    }

    /// The next number below this one.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.bits()).expect("32 bits") % end
    }

    /// Whether something happens that happens once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// A number that the environment may ask for, for those who have more time.
pub(crate) fn asked_for(variable: &str, otherwise: u32) -> u32 {
    let asked = std::env::var(variable).ok();
    asked.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{variable}={text} is no number")))
}
