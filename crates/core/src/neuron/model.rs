//! What a neuron model is: a tick of the membranes of one chunk, before and after the charge of its spikes.

use crate::lanes::Lanes;

/// Most parameters that a model has beside the threshold.
pub const MOST_ROWS: usize = 4;

/// Parameters of a chunk's neurons, one value a lane.
#[derive(Clone, Copy)]
pub struct Rows {
    pub threshold: *const f32,
    /// Bits of the model's own parameters, in its order.
    pub parameters: [*const u32; MOST_ROWS],
}

impl Rows {
    /// Of an output, which never fires.
    pub const NONE: Rows = Rows { threshold: std::ptr::null(), parameters: [std::ptr::null(); MOST_ROWS] };

    /// Those of the neurons from lane `at` on.
    #[inline(always)]
    pub fn from(&self, at: usize) -> Rows {
        Rows { threshold: self.threshold.wrapping_add(at), parameters: self.parameters.map(|row| row.wrapping_add(at)) }
    }

    /// # Safety
    /// The row exists, and holds lane `at`.
    #[inline(always)]
    pub unsafe fn bits(&self, row: usize, at: usize) -> *const u32 {
        self.parameters[row].add(at)
    }

    /// # Safety
    /// As `bits`.
    #[inline(always)]
    pub unsafe fn floats(&self, row: usize, at: usize) -> *const f32 {
        self.bits(row, at).cast()
    }
}

/// What a neuron has beside its membrane: `words` arrays, `stride` apart, zeros before the first tick.
#[derive(Clone, Copy)]
pub struct Words {
    pub at: *mut u32,
    pub stride: usize,
}

/// A tick is `leak`, then the drive and the charge of the spikes, then `after`. These work on all vectors of a chunk, so that what
/// holds for every neuron is asked once, and membranes stay in registers. Neurons of a model that is scalar run one by one behind
/// the charge of a tick, by `fire`: its definition, which `after` must equal.
pub trait Model: Copy {
    /// What a vector of neurons has beside its membrane, in registers.
    type More<L: Lanes>: Copy;

    /// Words of memory that a neuron has beside its membrane, whether as `More` or for `fire`.
    fn words(&self) -> usize;

    /// Whether the neurons run one by one.
    fn is_scalar(&self) -> bool;

    /// Most spikes of a neuron in one tick; above 1 the model is scalar.
    fn spikes_per_tick(&self) -> u32;

    /// The same neurons where `leak` has been done already.
    fn leaked(self) -> Self;

    /// # Safety
    /// The memory holds 4·N lanes, here and below.
    unsafe fn load<L: Lanes, const N: usize>(&self, words: Words) -> [Self::More<L>; N];

    /// # Safety
    /// As `load`.
    unsafe fn store<L: Lanes, const N: usize>(&self, more: &[Self::More<L>; N], words: Words);

    /// What a tick does before any charge arrives.
    ///
    /// # Safety
    /// The rows that the model reads hold 4·N lanes, here and below.
    unsafe fn leak<L: Lanes, const N: usize>(&self, v: &mut [L::F; N], more: &mut [Self::More<L>; N], rows: &Rows);

    /// Fires and resets; returns masks of the lanes that fire.
    ///
    /// # Safety
    /// As `leak`.
    unsafe fn after<L: Lanes, const N: usize>(
        &self,
        v: &mut [L::F; N],
        more: &mut [Self::More<L>; N],
        rows: &Rows,
    ) -> [L::I; N];

    /// Fires and resets the neuron of lane `at`; returns its spikes. `unchanged`: the membrane after `leak` alone.
    ///
    /// # Safety
    /// The rows and words hold lane `at`.
    unsafe fn fire(&self, v: &mut f32, unchanged: f32, words: Words, rows: &Rows, at: usize) -> u32;
}
