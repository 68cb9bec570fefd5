/**
 * Builds rtnetlink messages as the kernel lays them out, for tests.
 */

const align = (length: number): number => (length + 3) & ~3;

export const u32 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, value >>> 24];
export const u16 = (value: number): number[] => [value & 0xff, value >> 8];
const padded = (bytes: readonly number[]): number[] => [
  ...bytes,
  ...new Array<number>(align(bytes.length) - bytes.length).fill(0),
];

export const attribute = (type: number, value: readonly number[]): number[] =>
  padded([...u16(4 + value.length), ...u16(type), ...value]);

export const text = (value: string): number[] => [...Buffer.from(value, 'latin1'), 0];

export const message = (type: number, body: readonly number[], flags = 0): number[] =>
  padded([...u32(16 + body.length), ...u16(type), ...u16(flags), ...u32(1), ...u32(0), ...body]);

export interface LinkParts {
  readonly family?: number;
  readonly index?: number;
  readonly flags?: number;
  readonly attributes?: readonly number[];
}

export const link = ({ family = 0, index = 2, flags = 0x1043, attributes = [] }: LinkParts = {}): number[] => [
  ...[family, 0, 1, 0],
  ...u32(index),
  ...u32(flags),
  ...u32(0),
  ...attributes,
];

export const address = (prefixLength: number, index: number, attributes: readonly number[], family = 2): number[] => [
  ...[family, prefixLength, 0, 0],
  ...u32(index),
  ...attributes,
];

export interface RouteParts {
  readonly family?: number;
  readonly prefixLength?: number;
  readonly table?: number;
  readonly type?: number;
  readonly attributes?: readonly number[];
}

export const route = ({ family = 2, prefixLength = 0, table = 254, type = 1, attributes = [] }: RouteParts = {}): number[] => [
  ...[family, prefixLength, 0, 0, table, 3, 0, type],
  ...u32(0),
  ...attributes,
];

export const hop = (index: number, attributes: readonly number[]): number[] => [
  ...u16(8 + attributes.length),
  ...[0, 0],
  ...u32(index),
  ...attributes,
];
