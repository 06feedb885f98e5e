export const STOCK_QUEUE = 'stock';
export const REDUCE_STOCK = 'reduce-stock';

/** One product of an order. */
export interface StockJob {
  orderId: string;
  sku: string;
  quantity: number;
}
