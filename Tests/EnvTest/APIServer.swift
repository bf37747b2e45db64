public enum EnvTest {}
