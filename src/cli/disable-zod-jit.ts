import { z } from 'zod';

/** A command parses with each schema a few times only: zod takes longer to compile it first. */
z.config({ jitless: true });
