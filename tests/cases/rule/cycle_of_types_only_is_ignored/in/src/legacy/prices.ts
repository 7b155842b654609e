import { charge } from '../billing/charge'
export type Price = number
