/** Presets, recipes and defaults against tables that were written by hand from the papers. */
import { describe, expect, it } from 'vitest';
import { autoencoderChanges } from './autoencoderPapers.cases.ts';
import { papers, type Values } from './papers.cases.ts';
import { allPresets, presetNamed, settingsFor } from './presets.ts';
import { allMethods, headNames } from './registry.ts';
import { resolveSettings } from './resolve.ts';
import { mergeSettings, type Settings, type SettingsPatch, sharedGroups } from './settings.ts';
import { sharedDefaults, sizePresets, smallRecipes } from './smallRecipes.cases.ts';
import { flatSettings } from './text.ts';

/** Settings that say how a run is done, not what it learns. */
const ofRun = ['method', ...Object.keys(sharedGroups.run.shape)];

function flat(settings: Settings | SettingsPatch): Record<string, string | number> {
  const known = Object.entries(flatSettings(settings)).filter(
    ([name, value]) => value !== undefined && !ofRun.includes(name),
  );
  return Object.fromEntries(known) as Record<string, string | number>;
}

/** Settings that have no effect beside others, which no paper states. */
function unread({ optimizer, architecture, blurProbability, jitterProbability }: Values): string[] {
  return [
    ...(optimizer === 'adam' || optimizer === 'rmsprop' ? ['momentum', 'momentumForm'] : []),
    ...(optimizer === 'larc' ? [] : ['larcMode']),
    ...(optimizer === 'larc' || optimizer === 'lars' ? [] : ['trust']),
    ...(['alexnet', 'mlp', 'jule', 'dac', 'dccm'].includes(String(architecture))
      ? ['stem', 'residualInit']
      : []),
    ...(architecture === 'mlp' ? ['batchNorm'] : []),
    ...(blurProbability === 0 ? ['blurSigma'] : []),
    ...(jitterProbability === 0 ? ['brightness', 'contrast', 'saturation', 'hue'] : []),
  ];
}
const without = (values: Values, names: readonly string[]) =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));

const valuesOf = (differs: Readonly<Record<string, { ours: string | number }>> = {}) =>
  Object.fromEntries(Object.entries(differs).map(([name, { ours }]) => [name, ours]));

describe('presets of papers', () => {
  it('all stand in the table', () => {
    const complete = Object.entries(allPresets()).filter(([, { isComplete }]) => isComplete);
    expect(Object.keys(papers).toSorted()).toEqual(complete.map(([name]) => name).toSorted());
  });

  it.each(Object.entries(papers))(
    '%s has the values of its paper',
    (name, { source, values, differs }) => {
      const ours = flat(settingsFor(name, {}));
      const names = unread(ours);
      expect(without(ours, names), source).toEqual(
        without({ ...values, ...valuesOf(differs) }, names),
      );
      for (const [key, { ours: own, reason }] of Object.entries(differs ?? {})) {
        expect(values[key], `${key} is not different: ${reason}`).not.toBe(own);
        expect(values[key], `${key}: the paper's value`).toBeDefined();
      }
    },
  );
});

/** Methods that train a network; recipes of heads are in their pages. */
const networks = allMethods().filter(({ name }) => !headNames.includes(name));

describe('recipes for small images', () => {
  it('are those of the table', () => {
    const bySize = Object.entries(allPresets()).filter(([, { isComplete }]) => !isComplete);
    expect(Object.keys(sizePresets).toSorted()).toEqual(bySize.map(([name]) => name).toSorted());
    for (const [name, { values, reason }] of Object.entries(sizePresets)) {
      expect(flat(presetNamed(name).settings), `${name}: ${reason}`).toEqual(values);
    }
  });

  it('have the shared defaults of the table', () => {
    const { method: _own, ...shared } = resolveSettings();
    expect(flat(shared as SettingsPatch)).toEqual(sharedDefaults);
  });

  it.each(networks.map((method) => [method.name, method] as const))(
    "%s has its paper's values but for those that the table names",
    (name, method) => {
      const { paper, values, reason } = smallRecipes[name]!;
      const ofPaper = flat(settingsFor(paper, {}));
      const settings = resolveSettings(mergeSettings({ method: { name } }, method.recipe));
      const own = Object.keys(method.settings.shape);
      const ours = Object.fromEntries(
        Object.entries(flat(settings)).filter(([key]) => own.includes(key)),
      );
      const expected = Object.fromEntries(
        Object.entries({ ...ofPaper, ...values }).filter(([key]) => own.includes(key)),
      );
      expect(ours, reason).toEqual(expected);
      for (const [key, value] of Object.entries(values)) expect(ofPaper[key], key).not.toBe(value);
    },
  );

  it('change rates and networks of these methods alone', () => {
    const changed = networks.filter(
      ({ recipe }) => recipe?.optimizer || recipe?.schedule || recipe?.data,
    );
    expect(
      changed.map(({ name, recipe }) => [
        name,
        flat({ ...recipe, method: undefined } as SettingsPatch),
      ]),
    ).toEqual([
      ...autoencoderChanges,
      ['byol', { learningRate: 0.004 }],
      ['propos', { learningRate: 0.004 }],
      [
        'jule',
        {
          batchSize: 100,
          architecture: 'jule',
          width: 64,
          stemStart: 'random',
          optimizer: 'sgd',
          learningRate: 0.1,
          weightDecay: 5e-5,
        },
      ],
    ]);
  });
});
