//! Words as floats, integers and bits; room in buffers.

/// Places of the ones in each byte, ascending; then zeros.
pub static PLACES: [[u32; 8]; 256] = {
    let mut places = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut count) = (0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                places[byte][count] = bit;
                count += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    places
};

/// Writes the places of the ones of a byte, counted from `origin`, and returns their number.
///
/// # Safety
/// `to` has room for 8 entries.
#[inline(always)]
pub unsafe fn put_eight(to: *mut u32, eight: usize, origin: usize) -> usize {
    let places = &PLACES[eight];
    to.cast::<[u32; 8]>().write_unaligned(std::array::from_fn(|at| places[at] + origin as u32));
    eight.count_ones() as usize
}

/// Grows a buffer to at least `length`, with undefined content.
pub fn grow<T: Default + Clone>(buffer: &mut Vec<T>, length: usize) {
    if buffer.len() < length {
        buffer.resize(length, T::default());
    }
}

pub fn as_floats(bits: &mut [u32]) -> &mut [f32] {
    // SAFETY: one size, one alignment, every bit pattern is a value.
    unsafe { std::slice::from_raw_parts_mut(bits.as_mut_ptr().cast(), bits.len()) }
}

pub fn as_integers(bits: &mut [u32]) -> &mut [i32] {
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts_mut(bits.as_mut_ptr().cast(), bits.len()) }
}

pub fn as_f32(bits: &[u32]) -> &[f32] {
    // SAFETY: as above.
    unsafe { std::slice::from_raw_parts(bits.as_ptr().cast(), bits.len()) }
}

/// Words of an f64, the low one first.
pub fn words_of(value: f64) -> [u32; 2] {
    [value.to_bits() as u32, (value.to_bits() >> 32) as u32]
}
