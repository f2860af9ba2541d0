//! The passes against obvious loops, equal in every bit.

use llif_core::dense::{FloatPass, TwinPass, Window};

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn from(&mut self, first: usize, last: usize) -> usize {
        first + self.below(last - first + 1)
    }

    fn integers(&mut self, length: usize, low: i32, high: i32) -> Vec<i32> {
        (0..length).map(|_| low + self.below((high - low + 1) as usize) as i32).collect()
    }

    /// Zeros of both signs among them: they equal each other, but their bits do not.
    fn floats(&mut self, length: usize) -> Vec<f32> {
        let number = |random: &mut Self| random.below(20_001) as f32 / 7919.0 - 1.2;
        (0..length).map(|_| if self.below(6) == 0 { [0.0, -0.0][self.below(2)] } else { number(self) }).collect()
    }

    fn window(&mut self, outputs: usize, channels: usize) -> Window {
        let mut window = Window::dense(channels, outputs);
        for axis in 0..2 {
            window.input[axis] = self.from(3, 9);
            window.kernel[axis] = self.from(1, 3);
            window.stride[axis] = self.from(1, 2);
            window.dilation[axis] = self.from(1, 2);
            let size = (window.kernel[axis] - 1) * window.dilation[axis] + 1;
            window.padding[axis] = self.below(size).min(2);
            let padded = window.input[axis] + 2 * window.padding[axis];
            window.output[axis] = if size > padded { 0 } else { (padded - size) / window.stride[axis] + 1 };
        }
        if window.output[0] * window.output[1] == 0 {
            return self.window(outputs, channels);
        }
        window
    }
}

/// Calls `visit` with output position, tap and input position of each tap inside the image, ascending.
fn for_each_tap(window: &Window, mut visit: impl FnMut(usize, usize, usize)) {
    for oy in 0..window.output[0] {
        for ox in 0..window.output[1] {
            for ky in 0..window.kernel[0] {
                for kx in 0..window.kernel[1] {
                    let y = (oy * window.stride[0] + ky * window.dilation[0]) as isize - window.padding[0] as isize;
                    let x = (ox * window.stride[1] + kx * window.dilation[1]) as isize - window.padding[1] as isize;
                    if y < 0 || x < 0 || y >= window.input[0] as isize || x >= window.input[1] as isize {
                        continue;
                    }
                    let output = oy * window.output[1] + ox;
                    visit(output, ky * window.kernel[1] + kx, y as usize * window.input[1] + x as usize);
                }
            }
        }
    }
}

/// One sample of a grouped convolution, from `start` on.
fn naive_convolution<T: Copy>(
    window: &Window,
    groups: usize,
    x: &[T],
    weights: &[T],
    start: &[T],
    add_product: impl Fn(T, T, T) -> T,
) -> Vec<T> {
    let (inputs, outputs) = (window.input[2], window.output[2]);
    let depth = inputs / groups;
    let mut y: Vec<T> = (0..window.outputs()).map(|index| start[index % start.len()]).collect();
    for_each_tap(window, |position, tap, cell| {
        for output in 0..outputs {
            let group = output / (outputs / groups);
            for channel in 0..depth {
                let value = x[cell * inputs + group * depth + channel];
                let sum = &mut y[position * outputs + output];
                *sum = add_product(*sum, weights[(tap * depth + channel) * outputs + output], value);
            }
        }
    });
    y
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn float_convolutions_equal_the_loops() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for case in 0..300 {
        let groups = random.from(1, 3);
        let (depth, share) = (random.from(1, 5), random.from(1, 7));
        let window = random.window(groups * share, groups * depth);
        let weights = random.floats(window.kernel[0] * window.kernel[1] * depth * groups * share);
        let bias = random.floats(groups * share);
        let samples = random.from(1, 19);
        let batch = random.floats(samples * window.inputs());

        let mut pass = FloatPass::new(window.inputs(), vec![0.0; 256]).unwrap();
        let node = pass.conv2d(0, window.clone(), groups, &weights, &bias).unwrap();
        pass.keep(node).unwrap();
        pass.run(&batch);
        let expected: Vec<f32> = batch
            .chunks(window.inputs())
            .flat_map(|x| naive_convolution(&window, groups, x, &weights, &bias, |sum, w, x| sum + w * x))
            .collect();
        assert_eq!(
            bits(&pass.take(node)),
            bits(&expected),
            "case {case}: {window:?}, {groups} groups, {samples} samples"
        );
    }
}

#[test]
fn float_chain_equals_the_loops() {
    let mut random = Random(0xD1B5_4A32_D192_ED03);
    for case in 0..100 {
        let channels = random.from(1, 6);
        let window = random.window(channels, channels);
        let samples = random.from(1, 17);
        let pixels: Vec<u8> = (0..samples * window.inputs()).map(|_| random.below(256) as u8).collect();
        let values = random.floats(256 * channels);
        let (scale, shift) = (random.floats(channels), random.floats(channels));
        let factors = random.floats(window.output[0] * window.output[1]);

        let mut pass = FloatPass::new(window.inputs(), values.clone()).unwrap();
        let affine = pass.affine(0, scale.clone(), shift.clone()).unwrap();
        let relu = pass.relu(affine, 0.75).unwrap();
        let sum = pass.add(vec![affine, relu, 0]).unwrap();
        let joined = pass.concat(vec![affine, sum], vec![channels, channels]).unwrap();
        let largest = pass.max_pool(sum, window.clone()).unwrap();
        let mean = pass.average_pool(sum, window.clone(), factors.clone()).unwrap();
        let nodes = [affine, relu, sum, joined, largest, mean];
        for node in nodes {
            pass.keep(node).unwrap();
        }
        pass.track_maxima(sum, channels).unwrap();
        pass.run_pixels(&pixels);

        let x: Vec<f32> =
            pixels.iter().enumerate().map(|(index, &pixel)| values[index % channels * 256 + pixel as usize]).collect();
        let by_affine: Vec<f32> =
            x.iter().enumerate().map(|(index, x)| scale[index % channels] * x + shift[index % channels]).collect();
        let by_relu: Vec<f32> = by_affine
            .iter()
            .map(|&x| {
                if x > 0.75 {
                    0.75
                } else if x > 0.0 {
                    x
                } else {
                    0.0
                }
            })
            .collect();
        let by_sum: Vec<f32> = (0..x.len()).map(|index| by_affine[index] + by_relu[index] + x[index]).collect();
        let by_join: Vec<f32> =
            by_affine.chunks(channels).zip(by_sum.chunks(channels)).flat_map(|(a, b)| [a, b].concat()).collect();
        let (mut by_largest, mut by_mean) = (Vec::new(), Vec::new());
        for sample in by_sum.chunks(window.inputs()) {
            let mut largest = vec![f32::NEG_INFINITY; window.outputs()];
            let mut mean = vec![0.0f32; window.outputs()];
            for_each_tap(&window, |position, _, cell| {
                for channel in 0..channels {
                    let value = sample[cell * channels + channel];
                    let at = position * channels + channel;
                    if value > largest[at] {
                        largest[at] = value;
                    }
                    mean[at] += value;
                }
            });
            by_largest.extend(largest);
            by_mean
                .extend(mean.iter().enumerate().map(|(index, sum)| sum * factors[index % window.outputs() / channels]));
        }
        let names = ["affine", "relu", "sum", "concat", "max pool", "average pool"];
        let expected = [&by_affine, &by_relu, &by_sum, &by_join, &by_largest, &by_mean];
        for ((node, expected), name) in nodes.into_iter().zip(expected).zip(names) {
            assert_eq!(bits(&pass.take(node)), bits(expected), "case {case}: {name}, {window:?}");
        }
        let maxima: Vec<f32> = (0..channels)
            .map(|channel| {
                by_sum.iter().skip(channel).step_by(channels).fold(f32::NEG_INFINITY, |largest, &value| {
                    if value > largest {
                        value
                    } else {
                        largest
                    }
                })
            })
            .collect();
        assert_eq!(bits(&pass.maxima(sum, channels)), bits(&maxima), "case {case}: maxima");
    }
}

#[test]
fn twin_equals_the_loops() {
    let mut random = Random(0x94D0_49BB_1331_11EB);
    for case in 0..300 {
        let groups = random.from(1, 3);
        let (depth, share) = (random.from(1, 5), random.from(1, 7));
        let window = random.window(groups * share, groups * depth);
        let (size, outputs) = (window.outputs(), groups * share);
        let largest_weight = [100, 32_767, 40_000][case % 3];
        let weights =
            random.integers(window.kernel[0] * window.kernel[1] * depth * outputs, -largest_weight, largest_weight);
        let extra = random.integers(window.inputs() * size, -90, 90);
        let bias_length = [outputs, size][random.below(2)];
        let bias = random.integers(bias_length, -5_000, 5_000);
        let power = random.below(2) == 0;
        let threshold: Vec<i32> =
            (0..outputs).map(|_| if power { 1 << random.below(12) } else { random.from(1, 900) as i32 }).collect();
        let initial: Vec<i32> = threshold.iter().map(|threshold| threshold / 2).collect();
        let identity = random.integers(outputs, -400, 400);
        let levels = [15, 255, 1023][random.below(3)];
        let least = [0, -levels][random.below(2)];
        let samples = random.from(1, 19);
        let batch: Vec<i16> =
            random.integers(samples * window.inputs(), -20, 255).into_iter().map(|count| count as i16).collect();

        let mut pass = TwinPass::new(window.inputs()).unwrap();
        let charge = pass.charge(size, bias.clone()).unwrap();
        pass.add_conv2d(charge, 0, window.clone(), groups, &weights).unwrap();
        pass.add_dense(charge, 0, &extra).unwrap();
        let counts = pass.fire(charge, threshold.clone(), initial.clone(), least, levels).unwrap();
        let output = pass.charge(size, bias.clone()).unwrap();
        pass.add_identity(output, counts, identity.clone()).unwrap();
        for node in [charge, counts, output] {
            pass.keep(node).unwrap();
        }
        pass.run(&batch);

        let (mut charges, mut fired, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        for sample in batch.chunks(window.inputs()) {
            let x: Vec<i32> = sample.iter().map(|&count| i32::from(count)).collect();
            let mut sums = naive_convolution(&window, groups, &x, &weights, &bias, |sum, w, x| sum + w * x);
            for (neuron, sum) in sums.iter_mut().enumerate() {
                *sum += (0..x.len()).map(|input| extra[neuron * x.len() + input] * x[input]).sum::<i32>();
                let count =
                    (*sum + initial[neuron % outputs]).div_euclid(threshold[neuron % outputs]).clamp(least, levels);
                fired.push(count);
                ends.push(bias[neuron % bias_length] + identity[neuron % outputs] * count);
            }
            charges.extend(sums);
        }
        assert_eq!(pass.take(charge), charges, "case {case}: charges, {window:?}, {groups} groups");
        assert_eq!(pass.take(counts), fired, "case {case}: counts");
        assert_eq!(pass.take(output), ends, "case {case}: output");

        let quantum = random.from(2, 40) as i32;
        pass.set_quantum(counts, quantum).unwrap();
        pass.run(&batch);
        let potentials = charges.iter().enumerate();
        let multiples: Vec<i32> = potentials
            .map(|(at, charge)| {
                let step = threshold[at % outputs] * quantum;
                let start = initial[at % outputs] - threshold[at % outputs] / 2 + step / 2;
                quantum * (charge + start).div_euclid(step).clamp(0, levels / quantum)
            })
            .collect();
        assert_eq!(pass.take(counts), multiples, "case {case}: multiples of {quantum}");
    }
}

#[test]
fn twin_pools_equal_the_loops() {
    let mut random = Random(0xBF58_476D_1CE4_E5B9);
    for case in 0..100 {
        let channels = random.from(1, 6);
        let window = random.window(channels, channels);
        let batch: Vec<u8> = (0..11 * window.inputs()).map(|_| random.below(256) as u8).collect();
        let mut pass = TwinPass::new(window.inputs()).unwrap();
        let largest = pass.max_pool(0, window.clone()).unwrap();
        let multiplicity = random.integers(window.output[0] * window.output[1], 1, 7);
        let sum = pass.sum_pool(0, window.clone(), multiplicity.clone()).unwrap();
        pass.keep(largest).unwrap();
        pass.keep(sum).unwrap();
        pass.run(&batch);
        let (mut by_largest, mut by_sum) = (Vec::new(), Vec::new());
        for sample in batch.chunks(window.inputs()) {
            let mut largest = vec![i32::MIN; window.outputs()];
            let mut sum = vec![0; window.outputs()];
            for_each_tap(&window, |position, _, cell| {
                for channel in 0..channels {
                    let at = position * channels + channel;
                    largest[at] = largest[at].max(i32::from(sample[cell * channels + channel]));
                    sum[at] += multiplicity[position] * i32::from(sample[cell * channels + channel]);
                }
            });
            by_largest.extend(largest);
            by_sum.extend(sum);
        }
        assert_eq!(pass.take(largest), by_largest, "case {case}: max pool, {window:?}");
        assert_eq!(pass.take(sum), by_sum, "case {case}: sum pool, {window:?}");
    }
}

#[test]
fn sizes_that_do_not_fit_are_refused() {
    let mut pass = FloatPass::new(6, vec![0.0; 256]).unwrap();
    assert!(pass.dense(0, &[0.0; 11], &[0.0; 2]).unwrap_err().contains("expected 12 weights, got 11"));
    assert!(pass.dense(3, &[0.0; 12], &[0.0; 2]).unwrap_err().contains("no node 3"));
    assert!(pass.affine(0, vec![1.0; 4], vec![0.0; 4]).is_err());
    assert!(pass.concat(vec![0, 0], vec![6, 0]).is_err());
    assert!(pass.average_pool(0, Window::dense(6, 6), vec![1.0; 2]).is_err());
    assert!(FloatPass::new(0, vec![0.0; 256]).is_err());
    assert!(Window::from_sizes(&[1; 13]).is_err());
    let mut twin = TwinPass::new(4).unwrap();
    let charge = twin.charge(2, vec![0]).unwrap();
    assert!(twin.add_dense(charge, charge, &[0; 4]).unwrap_err().contains("not before it"));
    assert!(twin.add_identity(charge, 0, vec![1]).is_err());
    assert!(twin.fire(charge, vec![0], vec![0], 0, 15).unwrap_err().contains("> 0"));
    let fires = twin.fire(charge, vec![1], vec![0], 0, 15).unwrap();
    assert!(twin.set_quantum(fires, 0).unwrap_err().contains("> 0"));
    assert!(twin.set_quantum(charge, 2).unwrap_err().contains("a node that fires, got node 1"));
}
