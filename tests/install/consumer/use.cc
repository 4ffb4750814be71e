#include <copyfile/copyfile.h>
int main() { return 0; }
