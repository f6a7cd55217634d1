import * as z from 'zod';
import { verificationSchema } from '../../../engine/model/change.ts';

/** The engine's schema under a name of its own in the description of the API. */
export const verificationRecordSchema = z.lazy(verificationSchema).meta({ id: 'Verification' });
