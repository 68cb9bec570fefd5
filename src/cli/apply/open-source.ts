/**
 * Finds where the proof of a claim comes from: the daemon, or its ledger where none answers. A daemon that answers and says no is not
 * gone around.
 */
import { FreeholdError } from '../../core/error.ts';
import { createClient } from '../../http/client.ts';
import type { SegmentJson } from '../../http/service.ts';
import { clientOptions } from '../connect.ts';
import { daemonSource } from './daemon-source.ts';
import type { ProofSource } from './proof-source.ts';
import type { ApplyOptions } from './run.ts';

/** @throws FreeholdError `no-proof-source` where neither is there */
export async function openSource(options: ApplyOptions): Promise<ProofSource> {
  const target = clientOptions(options, process.env);
  const client = createClient(target);
  let unreachable: FreeholdError;
  try {
    const { segments } = await client.get<{ segments: readonly SegmentJson[] }>('/segments');
    return daemonSource(client, `the daemon at ${target.socketPath ?? target.url}`, segments);
  } catch (error) {
    if (!(error instanceof FreeholdError) || error.code !== 'daemon-unreachable') throw error;
    unreachable = error;
  }
  const [{ loadConfig }, { createLogger }, { openOffline }, { offlineSource }] = await Promise.all([
    import('../../system/config.ts'),
    import('../../system/logger.ts'),
    import('../../offline.ts'),
    import('./offline-source.ts'),
  ]);
  const { config } = loadConfig(options.config ?? null);
  const offline = await openOffline({ config, logger: createLogger({ level: 'error' }) }).catch((error: unknown) => {
    if (!(error instanceof FreeholdError)) throw error;
    throw new FreeholdError('no-proof-source', `${unreachable.message} And its ledger cannot be read: ${error.message}`, {
      hint: `Start the daemon (freehold run), name its address with --url, or name its configuration with --config. ${error.hint ?? ''}`.trim(),
      exitCode: unreachable.exitCode,
      cause: error,
    });
  });
  const probes = options.output === undefined;
  try {
    // Whatever is heard from now on counts.
    if (probes) offline.listen();
  } catch (error) {
    await offline.close();
    throw error;
  }
  return offlineSource(offline, config, config.ledger.path, probes);
}
