export interface Product {
  id: number;
  default_code: string;
}

export interface Quant {
  id: number;
  quantity: number;
  reserved_quantity: number;
}

export interface StockChange {
  sku: string;
  previousStock: number;
  newStock: number;
}
