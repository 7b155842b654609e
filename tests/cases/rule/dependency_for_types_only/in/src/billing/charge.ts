import type { Price } from '../legacy/prices'
import { price } from '../legacy/prices'
