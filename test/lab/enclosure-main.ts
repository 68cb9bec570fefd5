/**
 * `node test/lab/enclosure-main.ts COMMAND...` runs a command in an enclosure and ends with its exit status: for trying
 * things by hand.
 */
import { enclose, enclosureAvailable } from './enclosure.ts';

const argv = process.argv.slice(2);
const available = enclosureAvailable();
if (argv.length === 0) {
  process.stderr.write('usage: node test/lab/enclosure-main.ts COMMAND [ARGUMENT...]\n');
  process.exitCode = 2;
} else if (!available.ok) {
  process.stderr.write(`No enclosure: ${available.reason}.\n`);
  process.exitCode = 4;
} else {
  // Ctrl-C goes to the program as well: let that decide.
  process.on('SIGINT', () => {});
  enclose(argv, { stdio: 'inherit' }).on('exit', (status) => {
    process.exitCode = status ?? 1;
  });
}
