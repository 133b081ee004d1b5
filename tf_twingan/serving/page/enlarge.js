// Enlarges small images without blocks or blur: cubic interpolation (Keys, 1981,
// with a = -0.5), which browsers do not do everywhere.

// An image as a canvas that is `factor` times as wide and high.
export function enlarge(image, factor) {
  const {width, height} = image;
  const small = canvasOf(width, height);
  small.drawing.drawImage(image, 0, 0);
  const {data} = small.drawing.getImageData(0, 0, width, height);
  const taps = Array.from({length: factor}, (_, phase) => tapsOf(phase, factor));
  const wide = new Float32Array(width * factor * height * 4);
  stretch(data, wide, {count: width, step: 4, lines: height, stride: 4 * width}, taps, {
    step: 4, stride: 4 * width * factor});
  const large = canvasOf(width * factor, height * factor);
  const result = new ImageData(large.canvas.width, large.canvas.height);
  const row = 4 * width * factor;
  stretch(wide, result.data, {count: height, step: row, lines: width * factor, stride: 4}, taps, {
    step: row, stride: 4});
  large.drawing.putImageData(result, 0, 0);
  return large.canvas;
}

// Where a new pixel lies among the old ones: of which one the first of four
// weights is, and the weights.
function tapsOf(phase, factor) {
  const place = (phase + 0.5) / factor - 0.5;
  const first = Math.floor(place) - 1;
  return {first, weights: [0, 1, 2, 3].map(i => cubic(Math.abs(place - first - i)))};
}

function cubic(x) {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

// Interpolates along one axis. `from`: how many pixels a line has, how far apart
// they and the lines are; `to`: how far apart in the result.
function stretch(old, result, from, taps, to) {
  for (let line = 0; line < from.lines; line++) {
    for (let pixel = 0; pixel < from.count; pixel++) {
      taps.forEach(({first, weights}, phase) => {
        const at = line * to.stride + (pixel * taps.length + phase) * to.step;
        for (let channel = 0; channel < 4; channel++) {
          let sum = 0;
          for (let i = 0; i < 4; i++) {
            // Beyond the border, its pixel goes on.
            const other = Math.min(from.count - 1, Math.max(0, pixel + first + i));
            sum += weights[i] * old[line * from.stride + other * from.step + channel];
          }
          result[at + channel] = sum;
        }
      });
    }
  }
}

function canvasOf(width, height) {
  const canvas = Object.assign(document.createElement('canvas'), {width, height});
  return {canvas, drawing: canvas.getContext('2d')};
}
