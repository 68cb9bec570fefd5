/**
 * The entry of the command line. Turns the compile cache on before anything of weight is loaded.
 */
import nodeModule from 'node:module';
import { dirname, join } from 'node:path';

// Beside the code, never in the shared /tmp that Node takes by default: what lies in the cache is run, often as root, and
// another user must not be able to put it there. Where the directory cannot be written there is simply no cache.
// Optional: Node got `findPackageJSON` in 22.14.
const manifest = nodeModule.findPackageJSON?.('..', import.meta.url);
if (manifest !== undefined) nodeModule.enableCompileCache(join(dirname(manifest), 'node_modules', '.cache', 'freehold'));

const { main } = await import('./program.ts');
await main(process.argv.slice(2));
