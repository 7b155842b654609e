export type Price = number
export const price = 1
