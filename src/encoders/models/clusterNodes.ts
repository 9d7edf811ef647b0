/** The clusters of a run as nodes of an imported model, in the operators of its version of ONNX. */
import {
  type OnnxConstant,
  type OnnxGraph,
  type OnnxNode,
  standardLowering,
} from '../../compile/index.ts';
import { input } from '../../tensor/index.ts';
import { type ClusterGraph, EXPORT_CLUSTERS } from '../exportClusters.ts';
import { EXPORT_OUTPUT } from '../exportMetadata.ts';
import type { ModelGraph } from './modelGraph.ts';

/** Names of the features in the graph that is built. */
const [RAW, UNIT] = ['raw', 'unit'];

export interface ClusterNodesOptions {
  /** D */
  dimension: number;
  /** Name of the features [batch, D] before they are normalized. */
  raw: string;
  graph: Pick<ModelGraph, 'opsets'>;
  /** Prefix of the names that are added. */
  prefix: string;
}

/** Nodes and constants that compute the output `clusters` from the features of a model. */
export function clusterNodes(
  clusters: ClusterGraph,
  { dimension, raw, graph, prefix }: ClusterNodesOptions,
): Pick<OnnxGraph, 'nodes' | 'constants' | 'outputs'> {
  const [x, unit] = [input(RAW, [1, dimension]), input(UNIT, [1, dimension])];
  const { nodes, constants, outputs } = standardLowering.lower(
    { [EXPORT_CLUSTERS]: clusters({ raw: x, unit }) },
    { name: 'clusters', dynamicBatch: 'batch' },
  );
  const known = new Map([
    [RAW, raw],
    [UNIT, EXPORT_OUTPUT],
    [EXPORT_CLUSTERS, EXPORT_CLUSTERS],
    ['', ''],
  ]);
  const renamed = (name: string) => known.get(name) ?? `${prefix}clusters/${name}`;
  const moved = forVersion(nodes, constants, graph.opsets.get('') ?? 1);
  return {
    nodes: moved.map((node) => ({
      ...node,
      inputs: node.inputs.map(renamed),
      outputs: node.outputs.map(renamed),
    })),
    constants: constants.map((constant) => ({ ...constant, name: renamed(constant.name) })),
    outputs,
  };
}

/** Version of ONNX from which a reduction has its axes as an input. */
const AXES_SINCE = { ReduceSum: 13, other: 18 } as const;

/** Writes axes of reductions as attributes where the version of the model has them there. */
function forVersion(
  nodes: readonly OnnxNode[],
  constants: readonly OnnxConstant[],
  version: number,
): OnnxNode[] {
  return nodes.map((node) => {
    const { type, inputs, attributes } = node;
    const since = type === 'ReduceSum' ? AXES_SINCE.ReduceSum : AXES_SINCE.other;
    if (!type.startsWith('Reduce') || version >= since) return node;
    const axes = constants.find(({ name }) => name === inputs[1])!.data as BigInt64Array;
    return {
      ...node,
      inputs: inputs.slice(0, 1),
      attributes: { ...attributes, axes: { ints: Array.from(axes, Number) } },
    };
  });
}
