/**
 * The text of kube-proxy's config.conf: what it says of strictARP, and the same text with it switched on. Read and changed as YAML:
 * comments, order and everything else stay as they are. Pure.
 */
import { isDeepStrictEqual } from 'node:util';
import { type Document, isMap, isScalar, parseDocument } from 'yaml';
import { EXIT, FreeholdError } from '../../core/error.ts';
import { printable } from '../../core/text.ts';
import { isObject, type JsonObject, textAt } from '../kube/objects.ts';

export interface ProxyConfig {
  /** Empty: the default of the platform. */
  readonly mode: string;
  readonly strictArp: boolean;
  /** As it is written: `absent`, `null`, `false`, ... */
  readonly written: string;
}

const KIND = 'KubeProxyConfiguration';

/** @throws FreeholdError `kube-proxy-config-bad` */
export function readProxyConfig(text: string): ProxyConfig {
  const { value } = parsed(text);
  const ipvs = value['ipvs'];
  if (ipvs !== undefined && ipvs !== null && !isObject(ipvs)) throw bad('its "ipvs" is no mapping');
  const strict = isObject(ipvs) ? ipvs['strictARP'] : undefined;
  return {
    mode: textAt(value, 'mode') ?? '',
    strictArp: strict === true,
    written: strict === undefined ? 'absent' : printable(JSON.stringify(strict), 40),
  };
}

/** The text with ipvs.strictARP: true; the same text where it says so already. @throws FreeholdError `kube-proxy-config-bad` */
export function withStrictArp(text: string): string {
  if (readProxyConfig(text).strictArp) return text;
  const { document, value } = parsed(text);
  const wanted = { ...value, ipvs: { ...(isObject(value['ipvs']) ? value['ipvs'] : {}), strictARP: true } };
  // Only the value's own characters, where there are some; else the document is written anew.
  const changed = [replaced(text, document), rewritten(document)].find(
    (candidate) => candidate !== null && isDeepStrictEqual(parsedOrNull(candidate), wanted),
  );
  if (changed === undefined || changed === null) throw bad('it cannot be changed without changing something else');
  return changed;
}

function replaced(text: string, document: Document): string | null {
  const ipvs = document.get('ipvs');
  const node = isMap(ipvs) ? ipvs.get('strictARP', true) : undefined;
  if (!isScalar(node) || node.range === undefined || node.range === null) return null;
  const [start, end] = node.range;
  return start === end ? null : `${text.slice(0, start)}true${text.slice(end)}`;
}

function rewritten(document: Document): string | null {
  const ipvs = document.get('ipvs');
  if (isMap(ipvs)) ipvs.set('strictARP', true);
  else document.set('ipvs', document.createNode({ strictARP: true }));
  // Folds no long line, and leaves lists where kubeadm puts them.
  return document.toString({ lineWidth: 0, indentSeq: false });
}

function parsed(text: string): { readonly document: Document; readonly value: JsonObject } {
  const document = parseDocument(text, { uniqueKeys: true });
  const [error] = document.errors;
  if (error !== undefined) throw bad(`it is no YAML: ${printable(error.message.split('\n')[0] ?? '', 200)}`);
  let value: unknown;
  try {
    value = document.toJS();
  } catch (problem) {
    throw bad(`it is no YAML: ${printable(problem instanceof Error ? problem.message : String(problem), 200)}`);
  }
  if (!isObject(value)) throw bad('it is no mapping');
  const kind = value['kind'];
  if (kind !== undefined && kind !== KIND) throw bad(`it is a ${printable(String(kind), 60)}, not a ${KIND}`);
  return { document, value };
}

function parsedOrNull(text: string): unknown {
  const document = parseDocument(text);
  return document.errors.length > 0 ? null : document.toJS();
}

const bad = (why: string): FreeholdError =>
  new FreeholdError('kube-proxy-config-bad', `The config.conf of kube-proxy cannot be read: ${why}.`, {
    hint: 'Look at it: kubectl -n kube-system get configmap kube-proxy -o yaml. Nothing was changed.',
    exitCode: EXIT.no,
  });
