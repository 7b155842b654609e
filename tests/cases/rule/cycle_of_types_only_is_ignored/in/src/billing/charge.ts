import type { Price } from '../legacy/prices'
