import { describe, expect, it } from 'vitest';
import { syntheticOffer } from '../data/syntheticTraining.ts';
import { changed, emptyForm, fieldOf, methodsFor, presetsFor, requestOf } from './trainForm.ts';

const offer = syntheticOffer(3000);
const names = (list: readonly { name: string }[]) => list.map(({ name }) => name);

describe('methodsFor', () => {
  it('offers heads on the features of a model, and networks otherwise', () => {
    expect(methodsFor(offer, emptyForm).usual).toBe('simclr');
    const head = { ...emptyForm, encoder: ' model.onnx ' };
    expect(methodsFor(offer, head)).toEqual({ methods: offer.choices.heads, usual: 'ensemble' });
    const tuned = { ...head, fineTune: true };
    expect(methodsFor(offer, tuned).methods).toBe(offer.choices.methods);
  });
});

describe('changed', () => {
  it('takes the method of a complete recipe, and drops a recipe of another method', () => {
    const paper = changed(offer, emptyForm, { preset: 'swav-imagenet' });
    expect(paper).toMatchObject({ method: 'swav', preset: 'swav-imagenet' });
    expect(names(presetsFor(offer, paper))).toContain('small-32');
    expect(changed(offer, paper, { method: 'moco' })).toMatchObject({ method: 'moco', preset: '' });
    const any = changed(offer, emptyForm, { preset: 'small-32' });
    expect(changed(offer, any, { method: 'moco' }).preset).toBe('small-32');
  });

  it('drops choices that do not exist beside a model', () => {
    const form = changed(offer, emptyForm, { method: 'moco', preset: 'small-32' });
    const head = changed(offer, form, { encoder: 'model.onnx' });
    expect(head).toMatchObject({ method: '', preset: '', encoder: 'model.onnx' });
    expect(presetsFor(offer, head)).toEqual([]);
  });
});

describe('requestOf', () => {
  it('names what was chosen, and no more', () => {
    expect(requestOf(emptyForm, offer)).toEqual({ minutes: 30 });
    const form = { ...emptyForm, method: 'moco', by: 'epochs', epochs: ' 12 ' } as const;
    expect(requestOf(form, offer)).toEqual({ epochs: 12, method: 'moco' });
    expect(requestOf({ ...form, epochs: '' }, offer)).toEqual({ epochs: 200, method: 'moco' });
    expect(requestOf({ ...emptyForm, fineTune: true, encoder: ' ' }, offer)).toEqual({
      minutes: 30,
    });
  });
});

describe('fieldOf', () => {
  it('finds the field that a message is about', () => {
    expect(fieldOf('preset: received "small"; expected one of tiny-28')).toEqual({
      ...{ field: 'preset', sentence: 'Received "small"; expected one of tiny-28' },
    });
    expect(fieldOf('the disk is full')).toBeNull();
    expect(fieldOf('/photos: 3 images')).toBeNull();
    expect(fieldOf('batchSize: received 8 for 4 images')).toBeNull();
  });
});
