import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';

// A command parses with each schema a few times only: zod takes longer to compile it first. zod/mini has no error texts of its own.
z.config({ jitless: true, ...en() });
