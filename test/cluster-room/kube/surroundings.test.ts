import { homedir } from 'node:os';
import { afterEach, expect, it, vi } from 'vitest';
import { findKubeconfig, processSurroundings } from '../../../src/cluster/kube/kubeconfig-place.ts';

vi.mock('node:os', async (original) => ({ ...(await original<typeof import('node:os')>()), homedir: vi.fn() }));
afterEach(() => vi.mocked(homedir).mockReset());

it('finds no kubeconfig in the home of a user who has none', () => {
  vi.mocked(homedir).mockImplementation(() => {
    throw new Error('uv_os_homedir returned ENOENT (no such file or directory)');
  });
  expect(processSurroundings().home).toBe('');
  expect(findKubeconfig(null, { ...processSurroundings(), env: {} })).toBeNull();
});

it('knows the home of one who has', () => {
  vi.mocked(homedir).mockReturnValue('/home/somebody');
  expect(processSurroundings().home).toBe('/home/somebody');
});
