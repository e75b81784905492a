export const recipes = ["rye", "spelt"];
