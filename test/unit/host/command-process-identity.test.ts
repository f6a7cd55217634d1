import { spawn } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { expect, it } from 'vitest';
import { effectiveCapabilities } from '../../../src/host/machine/capabilities.ts';
import { namespaceOfPid, ownNetworkNamespace } from '../../../src/host/namespaces/namespace.ts';
import { openNamespace } from '../../../src/host/namespaces/open-namespace.ts';
import {
  bootId,
  isAlive,
  ownPidNamespace,
  ownProcess,
  parseProcessStat,
  processOf,
} from '../../../src/host/processes/process.ts';

it('parseProcessStat reads a command name with spaces and parentheses', () => {
  const line =
    '4711 (a) S (b c) R 17 4700 4711 0 -1 4194560 131 0 0 0 0 0 0 0 20 0 1 0 987654 3198976 247 18446744073709551615 ' +
    '94 95 96 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 97 98 99 140 141 142 143 0\n';
  expect(parseProcessStat(line)).toEqual({
    state: 'R',
    parent: 17,
    processGroup: 4700,
    flags: 4194560,
    startTime: '987654',
    codeEnd: '95',
    environmentStart: '142',
    environmentEnd: '143',
  });
  expect(() => parseProcessStat('4711 (a) R 17 4700')).toThrow(
    expect.objectContaining({ code: 'E_HOST_STATE_UNKNOWN' }),
  );
});

it('the own process is alive; one with another start time, boot or id is not', () => {
  const own = ownProcess();
  expect(own).toEqual({
    pid: process.pid,
    startTime: expect.stringMatching(/^\d+$/),
    bootId: bootId(),
    pidNamespace: ownPidNamespace(),
  });
  expect(isAlive(own)).toBe(true);
  expect(isAlive({ ...own, startTime: '1' })).toBe(false);
  expect(isAlive({ ...own, bootId: 'another' })).toBe(false);
  expect(isAlive({ ...own, pid: 4_194_305 })).toBe(false);
});

it('a process of another PID namespace counts as alive unless all processes of the machine can be seen', () => {
  const seesAll = process.getuid?.() === 0 && statSync('/proc/self/ns/pid').ino === 0xef_ff_ff_fc;
  expect(isAlive({ ...ownProcess(), pidNamespace: '1 since 1' })).toBe(!seesAll);
  expect(isAlive({ ...ownProcess(), pidNamespace: '1 since 1', bootId: 'another' })).toBe(false);
});

it('the cache of dead processes does not affect a living one', () => {
  const own = ownProcess();
  for (let startTime = 1; startTime <= 1_001; startTime += 1) {
    expect(isAlive({ ...own, startTime: String(startTime) })).toBe(false);
    expect(isAlive({ ...own, startTime: String(startTime) })).toBe(false);
  }
  expect(isAlive(own)).toBe(true);
});

it('an ended process is dead, and its namespace is gone', async () => {
  const child = spawn('sleep', ['0']);
  await new Promise((resolve) => child.once('exit', resolve));
  const pid = child.pid ?? 0;
  expect(isAlive({ ...ownProcess(), pid })).toBe(false);
  expect(() => namespaceOfPid(pid)).toThrow(expect.objectContaining({ code: 'E_NAMESPACE_GONE' }));
  expect(ownNetworkNamespace().inode).toBeGreaterThan(0);
});

it('effectiveCapabilities reads CapEff', () => {
  expect(effectiveCapabilities('Name:\tnode\nCapPrm:\t0\nCapEff:\t000001ffffffffff\n')).toBe(0x1ffffffffffn);
  expect(() => effectiveCapabilities('nothing')).toThrow(expect.objectContaining({ code: 'E_HOST_STATE_UNKNOWN' }));
});

it('a namespace is identified by its process, not by the process id', () => {
  const own = ownNetworkNamespace();
  expect(own).toEqual({
    path: `/proc/${process.pid}/ns/net`,
    inode: statSync('/proc/self/ns/net').ino,
    process: processOf(process.pid),
  });
  const opened = openNamespace(own);
  expect(statSync(opened.path).ino).toBe(own.inode);
  opened.close();
  const descriptors = readdirSync('/proc/self/fd').length;
  for (const changed of [{ startTime: '1' }, { bootId: 'another' }]) {
    expect(() => openNamespace({ ...own, process: { ...ownProcess(), ...changed } })).toThrow(
      expect.objectContaining({ code: 'E_NAMESPACE_GONE', message: expect.stringContaining(`process ${process.pid}`) }),
    );
  }
  expect(readdirSync('/proc/self/fd')).toHaveLength(descriptors);
});
