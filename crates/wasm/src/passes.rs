//! `llif_core::dense` under JavaScript names; nodes are named by their number.

use llif_core::dense::{FloatPass, TwinPass, Window};
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen::JsError;

fn thrown<T>(result: Result<T, String>) -> Result<T, JsError> {
    result.map_err(|message| JsError::new(&message))
}

#[wasm_bindgen]
pub struct RawFloatPass(FloatPass);

#[wasm_bindgen]
impl RawFloatPass {
    #[wasm_bindgen(constructor)]
    pub fn new(inputs: usize, pixel_values: Vec<f32>) -> Result<RawFloatPass, JsError> {
        thrown(FloatPass::new(inputs, pixel_values).map(RawFloatPass))
    }

    pub fn dense(&mut self, source: usize, weights: &[f32], bias: &[f32]) -> Result<usize, JsError> {
        thrown(self.0.dense(source, weights, bias))
    }

    pub fn conv2d(
        &mut self,
        source: usize,
        window: &[u32],
        groups: usize,
        weights: &[f32],
        bias: &[f32],
    ) -> Result<usize, JsError> {
        thrown(Window::from_sizes(window).and_then(|window| self.0.conv2d(source, window, groups, weights, bias)))
    }

    pub fn affine(&mut self, source: usize, scale: Vec<f32>, shift: Vec<f32>) -> Result<usize, JsError> {
        thrown(self.0.affine(source, scale, shift))
    }

    pub fn relu(&mut self, source: usize, ceiling: f32) -> Result<usize, JsError> {
        thrown(self.0.relu(source, ceiling))
    }

    #[wasm_bindgen(js_name = leakyRelu)]
    pub fn leaky_relu(&mut self, source: usize, ceiling: f32, slope: Vec<f32>) -> Result<usize, JsError> {
        thrown(self.0.leaky_relu(source, ceiling, slope))
    }

    #[wasm_bindgen(js_name = convTranspose2d)]
    pub fn conv_transpose2d(
        &mut self,
        source: usize,
        window: &[u32],
        groups: usize,
        weights: &[f32],
        bias: &[f32],
    ) -> Result<usize, JsError> {
        thrown(
            Window::from_sizes(window)
                .and_then(|window| self.0.conv_transpose2d(source, window, groups, weights, bias)),
        )
    }

    /// `sizes`: input height, width and channels, output height and width, rows above, columns on the left.
    pub fn pad(&mut self, source: usize, sizes: &[usize]) -> Result<usize, JsError> {
        let [height, width, channels, output_height, output_width, top, left] = *sizes else {
            return Err(JsError::new(&format!("pad: expected 7 sizes, got {}", sizes.len())));
        };
        thrown(self.0.pad(source, [height, width, channels], [output_height, output_width], [top, left]))
    }

    #[wasm_bindgen(js_name = maxPool)]
    pub fn max_pool(&mut self, source: usize, window: &[u32]) -> Result<usize, JsError> {
        thrown(Window::from_sizes(window).and_then(|window| self.0.max_pool(source, window)))
    }

    #[wasm_bindgen(js_name = averagePool)]
    pub fn average_pool(&mut self, source: usize, window: &[u32], factors: Vec<f32>) -> Result<usize, JsError> {
        thrown(Window::from_sizes(window).and_then(|window| self.0.average_pool(source, window, factors)))
    }

    pub fn add(&mut self, sources: Vec<usize>) -> Result<usize, JsError> {
        thrown(self.0.add(sources))
    }

    pub fn concat(&mut self, sources: Vec<usize>, channels: Vec<usize>) -> Result<usize, JsError> {
        thrown(self.0.concat(sources, channels))
    }

    pub fn keep(&mut self, node: usize) -> Result<(), JsError> {
        thrown(self.0.keep(node))
    }

    #[wasm_bindgen(js_name = trackMaxima)]
    pub fn track_maxima(&mut self, node: usize, channels: usize) -> Result<(), JsError> {
        thrown(self.0.track_maxima(node, channels))
    }

    pub fn maxima(&self, node: usize, channels: usize) -> Vec<f32> {
        self.0.maxima(node, channels)
    }

    pub fn run(&mut self, batch: &[f32]) {
        self.0.run(batch);
    }

    #[wasm_bindgen(js_name = runPixels)]
    pub fn run_pixels(&mut self, batch: &[u8]) {
        self.0.run_pixels(batch);
    }

    pub fn take(&mut self, node: usize) -> Vec<f32> {
        self.0.take(node)
    }
}

#[wasm_bindgen]
pub struct RawTwinPass(TwinPass);

#[wasm_bindgen]
impl RawTwinPass {
    #[wasm_bindgen(constructor)]
    pub fn new(inputs: usize) -> Result<RawTwinPass, JsError> {
        thrown(TwinPass::new(inputs).map(RawTwinPass))
    }

    pub fn charge(&mut self, size: usize, bias: Vec<i32>) -> Result<usize, JsError> {
        thrown(self.0.charge(size, bias))
    }

    #[wasm_bindgen(js_name = addDense)]
    pub fn add_dense(&mut self, node: usize, source: usize, weights: &[i32]) -> Result<(), JsError> {
        thrown(self.0.add_dense(node, source, weights))
    }

    #[wasm_bindgen(js_name = addConv2d)]
    pub fn add_conv2d(
        &mut self,
        node: usize,
        source: usize,
        window: &[u32],
        groups: usize,
        weights: &[i32],
    ) -> Result<(), JsError> {
        thrown(Window::from_sizes(window).and_then(|window| self.0.add_conv2d(node, source, window, groups, weights)))
    }

    #[wasm_bindgen(js_name = addConvTranspose2d)]
    pub fn add_conv_transpose2d(
        &mut self,
        node: usize,
        source: usize,
        window: &[u32],
        groups: usize,
        weights: &[i32],
    ) -> Result<(), JsError> {
        thrown(
            Window::from_sizes(window)
                .and_then(|window| self.0.add_conv_transpose2d(node, source, window, groups, weights)),
        )
    }

    #[wasm_bindgen(js_name = addIdentity)]
    pub fn add_identity(&mut self, node: usize, source: usize, weights: Vec<i32>) -> Result<(), JsError> {
        thrown(self.0.add_identity(node, source, weights))
    }

    pub fn fire(
        &mut self,
        source: usize,
        threshold: Vec<i32>,
        initial: Vec<i32>,
        least: i32,
        levels: i32,
    ) -> Result<usize, JsError> {
        thrown(self.0.fire(source, threshold, initial, least, levels))
    }

    #[wasm_bindgen(js_name = setQuantum)]
    pub fn set_quantum(&mut self, node: usize, quantum: i32) -> Result<(), JsError> {
        thrown(self.0.set_quantum(node, quantum))
    }

    #[wasm_bindgen(js_name = maxPool)]
    pub fn max_pool(&mut self, source: usize, window: &[u32]) -> Result<usize, JsError> {
        thrown(Window::from_sizes(window).and_then(|window| self.0.max_pool(source, window)))
    }

    #[wasm_bindgen(js_name = sumPool)]
    pub fn sum_pool(&mut self, source: usize, window: &[u32], multiplicity: Vec<i32>) -> Result<usize, JsError> {
        thrown(Window::from_sizes(window).and_then(|window| self.0.sum_pool(source, window, multiplicity)))
    }

    pub fn keep(&mut self, node: usize) -> Result<(), JsError> {
        thrown(self.0.keep(node))
    }

    pub fn forget(&mut self, node: usize) {
        self.0.forget(node);
    }

    pub fn hash(&mut self, node: usize, hashed: bool) -> Result<(), JsError> {
        thrown(self.0.hash(node, hashed))
    }

    #[wasm_bindgen(js_name = takeHashes)]
    pub fn take_hashes(&mut self) -> Vec<u32> {
        self.0.take_hashes()
    }

    #[wasm_bindgen(js_name = runUint8)]
    pub fn run_uint8(&mut self, batch: &[u8]) {
        self.0.run(batch);
    }

    #[wasm_bindgen(js_name = runInt16)]
    pub fn run_int16(&mut self, batch: &[i16]) {
        self.0.run(batch);
    }

    pub fn take(&mut self, node: usize) -> Vec<i32> {
        self.0.take(node)
    }
}
