//! Neurons: what a tick does to the membranes of one chunk before and after the charge of its spikes.

pub mod llif;

use crate::lanes::Lanes;

/// Parameters of a chunk's neurons, one value a lane. A model reads those that it has.
#[derive(Clone, Copy)]
pub struct Rows {
    pub threshold: *const f32,
    pub leak_factor: *const f32,
    pub floor: *const f32,
    /// All ones: hard reset; zeros: soft.
    pub hard: *const u32,
    pub refractory_ticks: *const u32,
}

impl Rows {
    /// Of an output, which never fires.
    pub const NONE: Rows = Rows {
        threshold: std::ptr::null(),
        leak_factor: std::ptr::null(),
        floor: std::ptr::null(),
        hard: std::ptr::null(),
        refractory_ticks: std::ptr::null(),
    };
}

/// A tick is `before`, then the charge of the spikes, then `after`. Both work on all vectors of a chunk, so that what holds for
/// every neuron is asked once, and membranes stay in registers.
pub trait Model: Copy {
    /// What a vector of neurons has beside its membrane, in registers.
    type More<L: Lanes>: Copy;

    /// # Safety
    /// The pointers of `rows` that the model reads are valid for 4·N lanes, here and below.
    unsafe fn load<L: Lanes, const N: usize>(&self, rows: &Rows) -> [Self::More<L>; N];

    /// Leak, and the charge that arrives in every tick.
    ///
    /// # Safety
    /// As `load`; `drive` holds 4·N values.
    unsafe fn before<L: Lanes, const N: usize>(
        &self,
        v: &mut [L::F; N],
        more: &mut [Self::More<L>; N],
        drive: *const f32,
        rows: &Rows,
    );

    /// Fires and resets; returns masks of the lanes that fire.
    ///
    /// # Safety
    /// As `load`.
    unsafe fn after<L: Lanes, const N: usize>(
        &self,
        v: &mut [L::F; N],
        more: &mut [Self::More<L>; N],
        rows: &Rows,
    ) -> [L::I; N];
}

/// A model whose neurons run one by one behind the charge of a tick: its definition, which vectors must equal.
pub trait Scalar: Copy {
    /// The leak, of all vectors.
    ///
    /// # Safety
    /// The pointers of `rows` that the model reads are valid for 4·N lanes.
    unsafe fn leak<L: Lanes, const N: usize>(&self, v: &mut [L::F; N], rows: &Rows);

    /// Fires and resets one neuron; returns its spikes. `unchanged`: the membrane after the leak alone.
    ///
    /// # Safety
    /// The pointers of `rows` that the model reads are valid for lane `at`.
    unsafe fn fire(&self, v: &mut f32, unchanged: f32, refractory_left: &mut u32, rows: &Rows, at: usize) -> u32;
}
