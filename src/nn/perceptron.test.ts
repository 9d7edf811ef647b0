import { afterAll, describe, expect, it } from 'vitest';
import { openEngine } from '../backends/index.ts';
import { input } from '../tensor/index.ts';
import { checkSizes, encode, featureLength } from './encoder.ts';
import { encoderLayer, mirroredPerceptron, perceptronWidths } from './perceptron.ts';
import { createVariables } from './variables.ts';

const engine = await openEngine({ threads: 1 });
afterAll(() => engine.close());

const architecture = 'mlp';

describe('architecture mlp', () => {
  it("has the paper's widths at width 64, a code of 10 at every width, or the given widths", () => {
    expect(perceptronWidths({})).toEqual([500, 500, 2000, 10]);
    expect(perceptronWidths({ width: 16 })).toEqual([125, 125, 500, 10]);
    expect(featureLength({ architecture, width: 16 })).toBe(10);
    expect(featureLength({ architecture, layerWidths: [7, 3] })).toBe(3);
  });

  it('mirrors the encoder, with weights of its own', () => {
    const variables = createVariables();
    const code = encode(variables, input('x', [2, 3, 2, 2]), {
      architecture,
      layerWidths: [5, 4, 2],
    });
    const rebuilt = mirroredPerceptron(variables, code, { layerWidths: [5, 4, 2], inputs: 12 });
    expect([code.shape, rebuilt.shape]).toEqual([
      [2, 2],
      [2, 12],
    ]);
    const shapes = variables.parameters().map(({ name, tensor }) => [name, ...tensor.shape]);
    expect(shapes.filter(([name]) => String(name).endsWith('weight'))).toEqual([
      ['encoder.0.weight', 5, 12],
      ['encoder.2.weight', 4, 5],
      ['encoder.4.weight', 2, 4],
      ['decoder.0.weight', 4, 2],
      ['decoder.2.weight', 5, 4],
      ['decoder.4.weight', 12, 5],
    ]);
  });

  it('has no ReLU on code and reconstruction, and one on every layer between', async () => {
    const [W, N] = [16, 64];
    const layerWidths = [W, W];
    const variables = createVariables();
    const hidden = encoderLayer(variables, input('x', [N, 12]), { layer: 0, widths: layerWidths });
    const code = encoderLayer(variables, hidden, { layer: 1, widths: layerWidths });
    const rebuilt = mirroredPerceptron(variables, code, { layerWidths, inputs: 12 });
    const executable = await engine.compile({ outputs: { hidden, code, rebuilt } });
    const x = Float32Array.from({ length: N * 12 }, (_, i) => Math.sin(i));
    const found = await executable.run({ x, ...variables.initialValues(1) });
    await executable.dispose();
    const least = (name: string) => Math.min(...(found[name] as Float32Array));
    expect(least('hidden')).toBe(0);
    expect(least('code')).toBeLessThan(-0.01);
    expect(least('rebuilt')).toBeLessThan(-0.01);
  });

  it('starts the weights evenly in ±sqrt(6 / (in + out)), and biases at 0', () => {
    const variables = createVariables();
    encoderLayer(variables, input('x', [1, 300]), { layer: 0, widths: [100] });
    const first = variables.initialValues(3);
    const weights = first['encoder.0.weight']!;
    const bound = Math.sqrt(6 / 400);
    expect(Math.max(...weights)).toBeLessThan(bound);
    expect(Math.max(...weights)).toBeGreaterThan(0.99 * bound);
    expect(Math.min(...weights)).toBeLessThan(-0.99 * bound);
    expect([...first['encoder.0.bias']!].every((value) => value === 0)).toBe(true);
  });

  it('reads frozen layers as buffers, which no optimizer changes', () => {
    const variables = createVariables();
    const shape = { layer: 0, widths: [3] };
    encoderLayer(variables, input('x', [1, 4]), shape, { weights: 'frozen' });
    expect(variables.parameters()).toEqual([]);
    expect(variables.buffers().map(({ name }) => name)).toEqual([
      'encoder.0.weight',
      'encoder.0.bias',
    ]);
  });

  it('takes images of one size, however small', () => {
    expect(() => checkSizes({ architecture }, [1, 1])).not.toThrow();
    expect(() => checkSizes({ architecture }, [28, 32])).toThrow('expected one size for all crops');
  });
});
