import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { z } from 'zod';
import { atEndOfFile } from '../host/file-folder.ts';
import { type Project, WF } from './run-wf.ts';

/** The answer of a tool. */
export interface ToolAnswer {
  readonly isError: boolean;
  /** Its texts; the first is the answer, further ones are notes. */
  readonly texts: readonly string[];
  readonly structured: unknown;
  /** The first text as JSON. */
  json(): unknown;
}

/** A client of `wf mcp`, which validates structured answers against the schemas of the tools. */
export interface McpClient {
  readonly client: Client;
  readonly pid: number;
  call(tool: string, args?: Readonly<Record<string, unknown>>): Promise<ToolAnswer>;
}

const resultSchema = z.object({
  isError: z.boolean().default(false),
  content: z.array(z.object({ type: z.literal('text'), text: z.string() })),
  structuredContent: z.unknown().optional(),
});

/** Starts `wf mcp` in a project, and ends it after the last test of the file. */
export async function openMcp(project: Project, ...args: readonly string[]): Promise<McpClient> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [WF, 'mcp', ...args],
    cwd: project.folder,
    env: project.environment,
    stderr: 'ignore',
  });
  const client = new Client({ name: 'test', version: '1' });
  atEndOfFile(() => client.close());
  await client.connect(transport);
  // Reads the schemas of the answers.
  await client.listTools();
  return {
    client,
    pid: transport.pid ?? 0,
    async call(tool, given = {}) {
      const result = resultSchema.parse(await client.callTool({ name: tool, arguments: { ...given } }));
      const texts = result.content.map(({ text }) => text);
      const { isError, structuredContent } = result;
      return { isError, texts, structured: structuredContent, json: () => JSON.parse(texts[0] ?? '') };
    },
  };
}
