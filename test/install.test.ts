/** `npm ci` runs reviewed install scripts only, and prints no warning about them. */
import { describe, expect, it } from 'vitest';
import { readText } from './repository.cases.ts';

interface LockedPackage {
  hasInstallScript?: boolean;
  optional?: boolean;
  optionalDependencies?: Record<string, string>;
}

const { allowScripts } = JSON.parse(readText('package.json')) as {
  allowScripts: Record<string, boolean>;
};
const { packages } = JSON.parse(readText('package-lock.json')) as {
  packages: Record<string, LockedPackage>;
};

describe('install scripts', () => {
  it('are run for node alone, in each version of npm', () => {
    // npm runs the scripts of locked packages with this mark only. npm 11.16 and later also obey
    // `allowScripts`, which older versions do not know.
    const marked = Object.entries(packages)
      .filter(([, { hasInstallScript, optional }]) => hasInstallScript && !optional)
      .map(([path]) => path.replace(/^.*node_modules\//, ''));
    const hint =
      'Delete "hasInstallScript" of onnxruntime-node from package-lock.json, or npm 10 downloads ' +
      'GPU libraries on Linux, and that of koffi, whose binaries are packages of their own. ' +
      'Review other packages with npm install-scripts.';
    expect(marked, hint).toEqual(['node']);
    expect(allowScripts).toEqual({ koffi: false, node: true, 'onnxruntime-node': false });
  });

  it('are not run for koffi, whose binary for each platform is in the registry', () => {
    const { hasInstallScript, optional, optionalDependencies } = packages['node_modules/koffi']!;
    expect(hasInstallScript).toBeUndefined();
    expect(optional).toBe(true);
    for (const platform of ['linux-x64', 'linux-arm64', 'darwin-arm64', 'win32-x64']) {
      const name = `@koromix/koffi-${platform}`;
      expect(optionalDependencies).toHaveProperty([name]);
      expect(packages[`node_modules/${name}`]).toMatchObject({ optional: true });
      expect(packages[`node_modules/${name}`]!.hasInstallScript).toBeUndefined();
    }
  });
});

describe('.npmrc', () => {
  it('has only keys that npm knows', () => {
    const known = ['audit', 'fund', 'omit-lockfile-registry-resolved'];
    const keys = readText('.npmrc').match(/^[^#=\s]+(?=\s*=)/gm);
    expect(keys?.sort()).toEqual(known);
  });
});
