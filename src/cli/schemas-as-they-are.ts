import { z } from 'zod';

/** A command parses with each schema a few times: to make code of it first, as zod does, takes longer (6 ms of `wf show`). */
z.config({ jitless: true });
