//! The table of a run, which ts/engine/table.ts reads.

use llif_core::record::Record;

/// Two words each for the number of spikes, of synaptic operations and of additions made for them (low, high); then for every node seven
/// pairs of address and length in words: charges (f64 in float networks), counts, ticks, neurons, signs and values of the spikes,
/// traces. They hold until the next call. Returns the address of the table.
pub fn report(table: &mut Vec<u32>, totals: [u64; 3], records: &[Record]) -> *const u32 {
    table.clear();
    table.extend(totals.iter().flat_map(|&total| [total as u32, (total >> 32) as u32]));
    for array in records.iter().flat_map(Record::arrays) {
        table.extend([array.as_ptr() as usize as u32, array.len() as u32]);
    }
    table.as_ptr()
}
