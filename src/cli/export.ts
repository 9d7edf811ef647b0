/** `likeness export`: the trained encoder as one file for other programs. */
import type { Command } from './command.ts';
import { exportRun } from './exportRun.ts';

export const exportCommand: Command = {
  name: 'export',
  summary: "Write a run's encoder as an ONNX model or as weights.",
  details: [
    'The ONNX model takes pixel_values, float32 [batch, 3, s, s], RGB from 0 to 1, and gives features [batch, D] of length 1. Normalisation is inside, the batch is free, and metadata say how to prepare images. Before it gets its name it is run on images of the source, one by one and together, and compared with the training engine.',
    "The weights are a safetensors file with torchvision's names (load them with strict=False: there is no classifier).",
  ].join('\n'),
  arguments: [],
  options: [
    { flags: '--run <dir>', description: 'run whose encoder is exported (required)' },
    {
      flags: '--to <file>',
      description: 'file to write: .onnx or .safetensors',
      default: 'encoder.onnx in the run',
    },
  ],
  examples: [
    { command: 'likeness export --run runs/photos', meaning: 'write runs/photos/encoder.onnx' },
    {
      command: 'likeness export --run runs/photos --to encoder.safetensors',
      meaning: 'the weights, for PyTorch',
    },
  ],
  run: (_args, options, terminal) => exportRun(options, terminal),
};
