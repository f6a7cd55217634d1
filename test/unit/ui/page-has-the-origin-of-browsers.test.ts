import { expect, test } from 'vitest';
import { originsOf } from '../../../src/ui/server/start-ui.ts';

test('the origins of the page are those that browsers send', () => {
  expect(originsOf({ port: 80 }, null)).toEqual(['http://127.0.0.1', 'http://localhost']);
  expect(originsOf({ port: 4270 }, 'https://wf.example.com')).toEqual([
    'https://wf.example.com',
    'http://127.0.0.1:4270',
    'http://localhost:4270',
  ]);
  expect(originsOf({ port: null }, null)).toEqual(['http://localhost']);
});
